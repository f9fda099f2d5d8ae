/** Svelte's compiler: runes everywhere, and component styles that belong to the component alone. */
export default { compilerOptions: { runes: true } };
