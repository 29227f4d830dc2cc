/** The body of a mail as HTML, and what people typed made safe for a line of it. */
/** The paragraphs and the link as a page without pictures, for programs that show HTML. */
export function htmlOf(paragraphs: readonly string[], link: { text: string; url: string }, closing: string): string {
  const style =
    'font:16px/1.5 -apple-system,Segoe UI,Helvetica,Arial,sans-serif;max-width:36em;margin:0 auto;padding:16px';
  const body = paragraphs.map((paragraph) => `<p>${escapeHtml(paragraph)}</p>`).join('\n');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"></head>
<body style="${style}">
${body}
<p><a href="${escapeHtml(link.url)}">${escapeHtml(link.text)}</a></p>
<p><small>${escapeHtml(closing)}</small></p>
</body></html>
`;
}

/** Control and direction characters could forge a header or turn a line around. They become blanks. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
