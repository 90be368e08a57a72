// Before the first paint: the colours that the person chose, or those of the system.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => { root.dataset.theme = localStorage.getItem("theme") ?? (system.matches ? "dark" : "light"); };
  apply();
  system.addEventListener("change", apply);
  // Heard here and not by the service, so that it works while the connection is lost.
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-toggle=theme]")) {
      localStorage.setItem("theme", root.dataset.theme === "dark" ? "light" : "dark");
      apply();
    }
  });
  globalThis.siemConsole = { zone: () => Intl.DateTimeFormat().resolvedOptions().timeZone };
})();
