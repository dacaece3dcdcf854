// The colours: those of the system, or the reader's choice, set before anything is drawn.
(() => {
  const names = ["auto", "light", "dark"];
  const root = document.documentElement;
  let kept = "auto";
  try { kept = localStorage.getItem("theme") ?? "auto"; } catch { /* storage may be forbidden */ }
  const set = (name) => {
    if (name === "auto") delete root.dataset.theme;
    else root.dataset.theme = name;
  };
  set(kept);
  document.addEventListener("DOMContentLoaded", () => {
    const label = document.getElementById("theme-name");
    label.textContent = kept;
    document.getElementById("theme").addEventListener("click", () => {
      kept = names[(names.indexOf(kept) + 1) % names.length];
      set(kept);
      label.textContent = kept;
      try { localStorage.setItem("theme", kept); } catch { /* it lasts for this visit */ }
    });
  });
})();
