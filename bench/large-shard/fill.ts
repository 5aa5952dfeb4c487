/** Fills the file of a ledger whose server is stopped, and halts it: `node fill.ts <file> <finished> <waiting>`. */
import { fill } from './shard.ts'

const [file = '', finished, waiting] = process.argv.slice(2)
await fill(file, Number(finished), Number(waiting), true)
