/** The phone's own “back”, a button or a swipe: within a form it leads to the screen before, and not out of the page. */

const WITHIN = "form";
let isLettingGo = false; // the step back that comes next is this module's own

/** From now on “back” has something to go back from. */
export const stay = () => isLettingGo || history.state === WITHIN || history.pushState(WITHIN, "");

/** From now on “back” leads out of the page at once, as where no form was ever open. */
export function letGo() {
  if (isLettingGo || history.state !== WITHIN) return;
  isLettingGo = true;
  history.back();
}

/** Asks the form that is open, if `view()` gives one, to go a screen back, for as long as there is one. */
export function goBackWithin(view) {
  addEventListener("popstate", async () => {
    const isOwn = isLettingGo;
    isLettingGo = false;
    if (!view()) letGo(); // “forward” leads to no form
    else if (isOwn || (await view().stepBack())) stay();
  });
  letGo(); // loaded anew within a form, the page begins without one
}
