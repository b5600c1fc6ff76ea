// The syntax of placeholders that are filled in per namespace.

// A label key: an optional DNS subdomain, a slash, a name of at most 63 characters:
// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
export const labelKeySyntax = String.raw`([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?`;
/** No subdomain has so many characters. */
export const tooLongPrefixSyntax = "[^/]{254}";

/** RE2 and JavaScript source of one placeholder: `$(namespace.name)` or `$(namespace.labels['KEY'])`; no anchors. */
export const placeholderSyntax = String.raw`\$\(namespace\.(name|labels\['${labelKeySyntax}'\])\)`;
