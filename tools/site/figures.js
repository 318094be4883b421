// Draws each figure from the JSON beside it, in the page's own colours, and again when the theme changes or it is printed.
const dark = matchMedia("(prefers-color-scheme: dark)");
const page = document.documentElement.classList; // "paper" while it is printed
const SHEET = 820; // wide enough for two panels; site.css then makes it fit the sheet

function colours() {
  const style = getComputedStyle(document.documentElement);
  return { ink: style.getPropertyValue("--ink").trim(), line: style.getPropertyValue("--line").trim() };
}

function themed(layout) {
  const { ink, line } = colours();
  const out = { ...layout, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { ...layout.font, color: ink } };
  out.title = { ...layout.title, font: { ...layout.title?.font, size: innerWidth < 600 ? 12 : 16 } }; // whole on a phone
  if (page.contains("paper")) out.width = SHEET;
  for (const key of Object.keys(out).filter((k) => /^[xy]axis\d*$/.test(k)))
    out[key] = { ...out[key], gridcolor: line, zerolinecolor: line, linecolor: line };
  return out;
}

// A line drawn black or deep blue is lost on a dark page: such inks are lifted there.
const LIFTED = { "#000000": "#f0f0f0", "#1f4e9c": "#7fa8ea", "#7a7a7a": "#b0b0b0", "#a6266e": "#e583b8" };
function inked(data) {
  if (!dark.matches || page.contains("paper")) return data;
  return JSON.parse(JSON.stringify(data), (key, value) => (key === "color" && LIFTED[value]) || value);
}

function draw() {
  for (const plot of document.querySelectorAll(".plot")) {
    const figure = JSON.parse(document.getElementById(plot.dataset.figure).textContent);
    Plotly.newPlot(plot, inked(figure.data), themed(figure.layout), { responsive: true, displaylogo: false });
  }
}

draw();
dark.addEventListener("change", draw);
addEventListener("beforeprint", () => { page.add("paper"); draw(); });
addEventListener("afterprint", () => { page.remove("paper"); draw(); });
