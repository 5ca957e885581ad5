// Tells which of Node's heavier modules are loaded before a program has asked for any.
const loaded = (name) => process.moduleLoadList.includes(`NativeModule ${name}`);
console.log(JSON.stringify(['http2', 'https', 'tls', 'internal/deps/undici/undici'].filter(loaded)));
process.exit();
