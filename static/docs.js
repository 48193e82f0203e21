// Swagger UI over our own contract; what a reader tries goes to this server alone.
const { contract } = document.documentElement.dataset;

const token = document.querySelector("[name=csrf_token]")?.value;

// Deep links name an operation in the address, so that people can point each other to it.
globalThis.SwaggerUIBundle({
  url: contract,
  domNode: document.getElementById("docs"),
  deepLinking: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  // Whoever is signed in tries with their session, and that needs its token.
  requestInterceptor: (request) => {
    if (token) request.headers["X-CSRF-Token"] = token;
    return request;
  },
});
