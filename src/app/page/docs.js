/**
 * Swagger UI over `/openapi.json`, without its validator, which would call another host. An authorization lasts as long as the
 * page and is not stored.
 */
// @ts-expect-error the bundle, a script before this one, sets a global that nothing declares
SwaggerUIBundle({ url: '/openapi.json', dom_id: '#docs', validatorUrl: null, deepLinking: true, tryItOutEnabled: true })
