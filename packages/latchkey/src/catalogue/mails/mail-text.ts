/** The body of a mail as HTML, and what people typed made safe for a line of it. */
const FONT = "font:16px/24px -apple-system,'Segoe UI',Helvetica,Arial,sans-serif";
const SMALL = 'font-size:13px;line-height:18px';
/** Its edge shows it where the background is dark, too. */
const BUTTON =
  'display:inline-block;padding:10px 20px;font-weight:600;color:#ffffff;background-color:#1f2328;' +
  'border:1px solid #858f99;border-radius:6px;text-decoration:none';

/**
 * The paragraphs and the link, as a page for programs that show HTML: styles stand in it, and it loads nothing, so that
 * nobody learns whether it was read.
 */
export function htmlOf(paragraphs: readonly string[], link: { text: string; url: string }, closing: string): string {
  const body = paragraphs.map((paragraph) => `<p style="margin:0 0 16px">${escapeHtml(paragraph)}</p>`).join('\n');
  const url = escapeHtml(link.url);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"></head>
<body style="margin:0;padding:24px 16px;${FONT}">
<div style="max-width:560px;margin:0 auto;overflow-wrap:anywhere">
${body}
<p style="margin:24px 0"><a href="${url}" style="${BUTTON}">${escapeHtml(link.text)}</a></p>
<p style="margin:0 0 24px;${SMALL}">Or open this address: <a href="${url}">${url}</a></p>
<p style="margin:0;padding-top:16px;border-top:1px solid #858f99;${SMALL}">${escapeHtml(closing)}</p>
</div>
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
