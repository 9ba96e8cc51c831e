// The dial: bars, points and words of the protocol that is chosen.
for (const dial of document.querySelectorAll(".dial")) {
  const { base, protocols } = JSON.parse(dial.querySelector("script").textContent);
  const honest = protocols.find((each) => each.name === base);
  const said = dial.querySelector(".dial-said");

  const show = () => {
    const [choice, count] = dial.querySelectorAll("input:checked");
    const measure = count ? count.value : "accuracy";
    const chosen = protocols[choice.value];
    const told = [];
    for (const row of dial.querySelectorAll("li")) {
      const { method } = row.dataset;
      const { percent, text, gained, between } = chosen.measures[measure][method];
      row.querySelector(".dial-bar").style.width = `${percent}%`;
      row.querySelector(".dial-base").style.left = `${honest.measures[measure][method].percent}%`;
      row.querySelector(".dial-percent").textContent = text;
      row.querySelector(".dial-gained").textContent =
        chosen === honest ? "" : `${gained} points (${between})`;
      told.push(`${method} ${text}` + (chosen === honest ? "" : `, ${gained} points`));
    }
    const name = document.createElement("strong");
    const audit = document.createElement("span");
    const heard = document.createElement("span");
    name.textContent = chosen.name;
    audit.className = `dial-audit ${chosen.audit ? "passes" : "refused"}`;
    audit.textContent = chosen.audit ? "passes the audit" : "the audit refuses it";
    heard.className = "visually-hidden";
    heard.textContent = ` ${measure}: ${told.join("; ")}`;
    said.replaceChildren(name, " ", audit, document.createElement("br"), chosen.told, heard);
  };

  dial.addEventListener("change", show);
  show();
}
