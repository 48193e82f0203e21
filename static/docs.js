// Swagger UI reads this server's contract, and sends its requests to this server only.
const root = document.documentElement;
const { contract } = root.dataset;

const token = document.querySelector("[name=csrf_token]")?.value;

// Its own dark colours need a class.
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
function followTheme() {
  root.classList.toggle("dark-mode", root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches);
}
followTheme();
addEventListener("theme", followTheme);
prefersDark.addEventListener("change", followTheme);

// What Swagger UI's own markup lacks for a screen reader: a link within a button cannot be reached,
// so an operation's path is plain text; and what is above the operations is a region, with a heading
// between the page's and those of the operations.
const accessible = ({ React: { createElement } }) => ({
  components: { DeepLink: ({ text }) => createElement("span", null, text) },
  wrapComponents: {
    InfoContainer: (Original) => (props) =>
      createElement("section", { "aria-label": "About this API" }, createElement(Original, props),
        createElement("h2", { className: "wrapper" }, "Operations")),
  },
});

// A deep link names an operation in the address, so that people can share it.
globalThis.SwaggerUIBundle({
  url: contract,
  domNode: document.getElementById("docs"),
  deepLinking: true,
  plugins: [accessible],
  tryItOutEnabled: true,
  validatorUrl: null,
  // Requests use the session of a signed-in reader, which needs its CSRF token.
  requestInterceptor: (request) => {
    if (token) request.headers["X-CSRF-Token"] = token;
    return request;
  },
});
