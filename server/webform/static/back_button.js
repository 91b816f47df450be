/** The phone's own “back”, a button or a swipe: within a form it leads to the screen before, and not out of the page. */

const WITHIN = "form";

/** From now on “back” has something to go back from. */
export const stay = () => history.state === WITHIN || history.pushState(WITHIN, "");

/** Asks the form that is open, if `view()` gives one, to go a screen back, for as long as there is one. */
export function goBackWithin(view) {
  addEventListener("popstate", () => view()?.stepBack() && stay());
}
