// Validates names of Kubernetes objects. What names an object in a list or annotation need not be one.

/** DNS-1123 subdomain: apimachinery's validation.IsDNS1123Subdomain. */
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const longest = 253;

export function isObjectName(text: string): boolean {
  return text.length <= longest && subdomain.test(text);
}
