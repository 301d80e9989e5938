/** Flags of the WebGPU specification: Node has no globals for them. */
export const USAGE = { mapRead: 0x1, copySrc: 0x4, copyDst: 0x8, uniform: 0x40, storage: 0x80, queryResolve: 0x200 }
export const MAP_READ = 0x1
export const COMPUTE_STAGE = 0x4
