// Swagger UI over our own contract; what a reader tries goes to this server alone.
const { contract } = document.documentElement.dataset;

// Deep links name an operation in the address, so that people can point each other to it.
globalThis.SwaggerUIBundle({
  url: contract,
  domNode: document.getElementById("docs"),
  deepLinking: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
