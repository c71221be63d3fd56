// When the program of the page breaks off, or does not come, its links and forms go on as those of a plain document,
// and a line says so. What it still listens to would otherwise lead nowhere.
(() => {
  let broken = false;
  const pass_by = (event) => event.stopImmediatePropagation();

  function go_on_plainly(why) {
    if (broken) return;
    broken = true;
    for (const kind of ["click", "submit", "input", "change", "keydown"]) addEventListener(kind, pass_by, true);
    addEventListener("popstate", (event) => (pass_by(event), location.reload()), true);
    const line = document.createElement("p");
    line.className = "connection";
    line.dataset.state = "warn";
    line.setAttribute("role", "status");
    (document.querySelector(".corner") ?? document.body).append(line);
    line.textContent = `${why}; links and forms load whole pages now.`;
  }

  const is_a_trap = (error) => error instanceof WebAssembly.RuntimeError;
  // An error of the browser that has passed through the program leaves it half way, too.
  const cut_through = (error) => /wasm-function/.test(error?.stack);
  // The program itself answers for whatever else it asks for.
  const has_not_come = (error) => error instanceof TypeError && /fetch|import|load/i.test(error.message);
  const BROKE = "Something in this page broke";
  const NOT_THERE = "This page does not follow changes, since a part of it could not be loaded";
  addEventListener("error", ({ error }) => (is_a_trap(error) || cut_through(error)) && go_on_plainly(BROKE));
  addEventListener("unhandledrejection", ({ reason }) => {
    if (is_a_trap(reason)) go_on_plainly(BROKE);
    else if (has_not_come(reason)) go_on_plainly(NOT_THERE);
  });
})();
