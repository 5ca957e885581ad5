/** A module of this folder with all that it imports, as text: see scripts/browser-script.mjs. */
declare module '*?script' {
  const text: string;
  export default text;
}
