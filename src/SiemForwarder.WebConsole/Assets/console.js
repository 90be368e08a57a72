// Before the first paint: the colours that the person chose, or those of the system.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => { root.dataset.theme = localStorage.getItem("theme") ?? (system.matches ? "dark" : "light"); };
  apply();
  system.addEventListener("change", apply);
  globalThis.siemConsole = {
    toggleTheme: () => { localStorage.setItem("theme", root.dataset.theme === "dark" ? "light" : "dark"); apply(); },
    zone: () => Intl.DateTimeFormat().resolvedOptions().timeZone,
    signOut: () => { const form = document.createElement("form"); form.method = "post"; form.action = "signout"; document.body.append(form); form.submit(); },
  };
})();
