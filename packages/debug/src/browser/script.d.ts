/** A module of this folder with all that it imports, as text: see scripts/module-text.mjs. */
declare module '*?script' {
  const text: string;
  export default text;
}
