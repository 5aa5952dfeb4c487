/**
 * Swagger UI over `/openapi.json`. No validator: it would ask another host.
 * An authorization lives as long as the page, and is stored nowhere.
 */
// @ts-expect-error the bundle, a script before this one, sets a global that nothing declares
SwaggerUIBundle({ url: '/openapi.json', dom_id: '#docs', validatorUrl: null, deepLinking: true, tryItOutEnabled: true })
