// When the program of the page breaks off, its links and forms go on as those of a plain document, and a line
// says so. What it still listens to would otherwise lead nowhere.
(() => {
  let broken = false;
  const pass_by = (event) => event.stopImmediatePropagation();

  function go_on_plainly() {
    if (broken) return;
    broken = true;
    for (const kind of ["click", "submit", "input", "change", "keydown"]) addEventListener(kind, pass_by, true);
    addEventListener("popstate", (event) => (pass_by(event), location.reload()), true);
    const line = document.createElement("p");
    line.className = "connection";
    line.dataset.state = "warn";
    line.setAttribute("role", "status");
    (document.querySelector(".corner") ?? document.body).append(line);
    line.textContent = "Something in this page broke; links and forms load whole pages now.";
  }

  const is_a_trap = (error) => error instanceof WebAssembly.RuntimeError;
  // An error of the browser that has passed through the program leaves it half way, too.
  const cut_through = (error) => /wasm-function/.test(error?.stack);
  addEventListener("error", ({ error }) => (is_a_trap(error) || cut_through(error)) && go_on_plainly());
  addEventListener("unhandledrejection", ({ reason }) => is_a_trap(reason) && go_on_plainly());
})();
