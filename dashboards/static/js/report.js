/* Making a report takes seconds: meanwhile it says so, and is not asked for twice. */
"use strict";

(() => {
  for (const form of document.querySelectorAll("form[data-busy]")) {
    const said = form.querySelector("[data-progress]");
    const buttons = [...form.querySelectorAll("button")];
    const busy = (text) => {
      said.hidden = !text;
      said.querySelector("span").textContent = text;
      for (const button of buttons) button.disabled = Boolean(text);
    };

    /* A draft is a file: the page stays, so the page has to know when it has come. */
    async function fetchDraft(button) {
      busy(button.dataset.busy);
      try {
        const answer = await fetch(button.formAction, { method: "POST", body: new FormData(form) });
        if (!answer.ok) throw new Error(String(answer.status));
        const name = /filename="?([^";]+)/.exec(answer.headers.get("Content-Disposition") || "");
        const link = document.createElement("a");
        link.href = URL.createObjectURL(await answer.blob());
        link.download = name ? name[1] : "";
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 60000);
        busy("");
      } catch {
        busy("");
        HTMLFormElement.prototype.submit.call(Object.assign(form, { action: button.formAction })); // the page that says why
      }
    }

    form.addEventListener("submit", (event) => {
      const button = event.submitter;
      if (button && button.dataset.busy) {
        event.preventDefault();
        fetchDraft(button);
      } else {
        setTimeout(() => busy(form.dataset.busy)); // after the form has been read with its button
      }
    });
    addEventListener("pageshow", () => busy("")); // back from the next page
  }
})();
