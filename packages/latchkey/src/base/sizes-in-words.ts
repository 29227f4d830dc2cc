/** Sizes as people read them, in binary units. */

/** A limit: `10 GiB`, `1.5 GiB`, `100 MiB`. */
export function sizeInWords(mib: number): string {
  const gib = mib / 1024;
  return Number.isInteger(gib * 2) && gib >= 1 ? `${gib} GiB` : `${mib} MiB`;
}

/** The space in use: `0 KiB`, `12 KiB`, `3.4 MiB`, `1.2 GiB`. */
export function usedInWords(kib: number): string {
  if (kib < 1024) return `${kib} KiB`;
  const mib = kib / 1024;
  return mib < 1024 ? `${mib.toFixed(1)} MiB` : `${(mib / 1024).toFixed(1)} GiB`;
}
