/** WebGPU in Node for libraries that look for a browser's: `navigator.gpu` and the globals of the API. */

/**
 * @returns {Promise<string>} the device in words
 * @throws when Dawn or an adapter is missing
 */
export async function provideGpu() {
  const { create, globals } = await import('webgpu')
  const gpu = create([])
  Object.assign(globalThis, globals)
  // Dawn is freed with what `create` returns, and work in flight with it: a global reference keeps it.
  const navigator = Object.assign(Object.create(globalThis.navigator ?? {}), { gpu })
  Object.defineProperty(navigator, 'userAgent', { value: `Node ${process.version}` })
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true, writable: true })
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  if (!adapter) throw new Error('WebGPU finds no adapter: install a Vulkan driver, or name one in VK_ICD_FILENAMES')
  return describeAdapter(adapter)
}

function describeAdapter({ info }) {
  const { vendor, architecture, device, description } = info
  return description || device || `${vendor} ${architecture}`
}
