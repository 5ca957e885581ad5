/** Loaded when somebody asks, and not with the program: that takes 2 ms. */
export function v8(): typeof import('node:v8') {
  return process.getBuiltinModule('node:v8');
}
