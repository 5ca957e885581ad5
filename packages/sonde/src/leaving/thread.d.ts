/** A module of this folder with all that it imports, as text for a Worker: see scripts/module-text.mjs. */
declare module '*?thread' {
  const text: string;
  export default text;
}
