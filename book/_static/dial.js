// The dial: bars, points and words of the protocol that is chosen.
for (const dial of document.querySelectorAll(".dial")) {
  const choices = JSON.parse(dial.querySelector("script").textContent);
  const said = dial.querySelector(".dial-said");

  const show = () => {
    const [choice, count] = dial.querySelectorAll("input:checked");
    const chosen = choices[choice.value];
    const honest = choices.find((each) => each.name === chosen.base);
    const measure = count && count.value in chosen.measures ? count.value : "accuracy";
    const told = [];
    for (const row of dial.querySelectorAll("li")) {
      const { method } = row.dataset;
      row.hidden = !(method in chosen.measures[measure]); // not run so
      if (row.hidden) continue;
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
