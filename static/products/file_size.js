// Whether a file can be sent.

/** Why a file of so many bytes cannot be sent; empty if it can. */
export function tooLarge(bytes, most) {
  const size = (number) => Math.ceil(number / 1048576).toLocaleString("en");
  if (bytes <= most) return "";
  return (
    `The file has ${size(bytes)} MB, and an import takes ${size(most)} MB. ` +
    "Delete pictures and the columns that are not about products, or divide it into several files."
  );
}
