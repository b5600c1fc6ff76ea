// The names of Azure's registries; the pull check needs them too, because a regional endpoint sends to the login server.
import { oneOf, type RegistryNames } from "./host-templates.ts";

/** https://learn.microsoft.com/azure/container-registry/container-registry-endpoint-reference */
export const azureRegistries: RegistryNames = {
  templates: ["<acr>.<azure>", "<acr>.<label>.geo.<azure>"],
  forms: ["NAME.azurecr.io", "NAME.REGION.geo.azurecr.io"],
  places: {
    // 5 to 50 letters and digits; a registry with a domain name label adds a hyphen and a hash.
    acr: "[a-z0-9]{5,50}(?:-[a-z0-9]{1,40})?",
    azure: oneOf(["azurecr.io", "azurecr.us", "azurecr.cn", "azurecr.de"]),
  },
};
