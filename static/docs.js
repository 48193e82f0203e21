// Swagger UI reads this server's contract, and sends its requests to this server only.
const { contract } = document.documentElement.dataset;

const token = document.querySelector("[name=csrf_token]")?.value;

// A deep link names an operation in the address, so that people can share it.
globalThis.SwaggerUIBundle({
  url: contract,
  domNode: document.getElementById("docs"),
  deepLinking: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  // Requests use the session of a signed-in reader, which needs its CSRF token.
  requestInterceptor: (request) => {
    if (token) request.headers["X-CSRF-Token"] = token;
    return request;
  },
});
