// Text of a run as people can see it: what a model writes may hold characters that show nothing, or that turn the text around them.

const pictures = 0x2400;
const turning = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g;

// The twin of PlainText.cs: control characters as their pictures, turning ones by their numbers.
export function plain(text) {
  return String(text)
    .replace(/[\u0000-\u0008\u000B-\u001F]/g, c => String.fromCharCode(pictures + c.charCodeAt(0)))
    .replace(/\u007F/g, '\u2421')
    .replace(turning, c => `⟨U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`);
}
