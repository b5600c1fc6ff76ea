-- Is a RegistryCredential healthy? For Argo CD, by the conditions that docs/operations.md explains.
local health = { status = "Progressing", message = "the operator has not seen this yet" }
if obj.status == nil or obj.status.conditions == nil then
  return health
end
-- What was said of a former spec says nothing of this one.
if obj.status.observedGeneration ~= nil and obj.status.observedGeneration ~= obj.metadata.generation then
  return health
end

local conditions = {}
for _, condition in ipairs(obj.status.conditions) do
  conditions[condition.type] = condition
end
local function holds(type)
  return conditions[type] ~= nil and conditions[type].status == "True"
end
local function as(status, type)
  return { status = status, message = conditions[type].reason .. ": " .. conditions[type].message }
end

if holds("RemovalHeld") then
  return as("Suspended", "RemovalHeld")
end
if holds("DrainBlocked") then
  return as("Degraded", "DrainBlocked")
end
if holds("Stalled") then
  return as("Degraded", "Stalled")
end
if obj.spec.suspend == true then
  return { status = "Suspended", message = "spec.suspend is set: nothing is written to tenants" }
end
if holds("Reconciling") then
  return as("Progressing", "Reconciling")
end
if holds("Ready") then
  return as("Healthy", "Ready")
end
if conditions["Ready"] ~= nil then
  return as("Degraded", "Ready")
end
return health
