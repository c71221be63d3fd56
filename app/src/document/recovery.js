// When the program of the page breaks off, its links and forms go on as those of a plain document, and a line
// says so. What it still listens to would otherwise lead nowhere.
(() => {
  let broken = false;
  const pass_by = (event) => event.stopImmediatePropagation();

  function go_on_plainly(error) {
    const from_the_program = error instanceof WebAssembly.RuntimeError || /wasm-function/.test(error?.stack);
    if (broken || !from_the_program) return;
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

  addEventListener("error", (event) => go_on_plainly(event.error));
  addEventListener("unhandledrejection", (event) => go_on_plainly(event.reason));
})();
