/**
 * Finding a name by a few letters of it: `cpu us` and `cpuusr` both find `cpu_usage_user`.
 * What begins with the text comes first, then what holds it, then what has its letters in order.
 */

function rank(name: string, wanted: string, words: readonly string[]): number | undefined {
  if (wanted === "" || name.startsWith(wanted)) return 0;
  if (name.includes(wanted)) return 1;
  if (words.length > 1 && words.every((word) => name.includes(word))) return 2;
  let from = 0;
  for (const letter of words.join("")) {
    from = name.indexOf(letter, from) + 1;
    if (from === 0) return undefined;
  }
  return 3;
}

export function find(names: readonly string[], text: string, most: number): readonly string[] {
  const wanted = text.trim().toLowerCase();
  const words = wanted.split(/[\s_.]+/).filter((word) => word !== "");
  const ranks: string[][] = [[], [], [], []];
  for (const name of names) {
    const place = rank(name.toLowerCase(), wanted, words);
    if (place !== undefined) ranks[place]?.push(name);
  }
  return ranks.flat().slice(0, most);
}
