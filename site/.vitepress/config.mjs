/** VitePress reads its settings here. Not by `import … from`: it would compile them by a compiler older than theirs. */
const settings = new URL('../../packages/latchkey/tools/site-settings.ts', import.meta.url);
export default (await import(settings.href)).default;
