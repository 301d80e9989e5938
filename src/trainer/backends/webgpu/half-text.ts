/**
 * Halves (IEEE 754 binary16) in memory as text of kernels, two in a u32: what WGSL's core can unpack and pack, so that no
 * device needs the feature shader-f16. Arithmetic is float32 all the same.
 */
import type { OperandSpec } from './kernel'

/** `load_x` of every operand x that lies in halves, and `packHalves` where one is written. */
export function halfFunctions(operands: Record<string, OperandSpec>): string {
  const halves = Object.entries(operands).filter(([, { type }]) => type === 'f16')
  const loads = halves.map(([name, { width }]) => (width === 4 ? loadFour(name) : loadOne(name)))
  return [...loads, ...(halves.some(([, { access }]) => access === 'read_write') ? [PACK] : [])].join('\n')
}

const loadFour = (name: string): string => `fn load_${name}(i: u32) -> vec4<f32> {
  let words = ${name}[i];
  return vec4<f32>(unpack2x16float(words.x), unpack2x16float(words.y));
}`

const loadOne = (name: string): string => `fn load_${name}(i: u32) -> f32 {
  return unpack2x16float(${name}[i >> 1u] >> (16u * (i & 1u))).x;
}`

/**
 * How pack2x16float rounds is the device's choice, and what it makes of values beyond 65,504 is left open. So values are
 * rounded before (to nearest, ties to even, to the 11 binary digits of a half; within its subnormals the device has its
 * choice), and what is too large, or not a number, becomes infinity: 65,504 and one bit more. It shows in the loss.
 */
const PACK = `fn packHalves(value: vec4<f32>) -> vec2<u32> {
  let bits = bitcast<vec4<u32>>(value);
  let size = ((bits & vec4<u32>(0x7fffffffu)) + ((bits >> vec4<u32>(13u)) & vec4<u32>(1u)) + vec4<u32>(0xfffu)) & vec4<u32>(0xffffe000u);
  let beyond = size > vec4<u32>(0x477fe000u);
  let rounded = bitcast<vec4<f32>>(select(size | (bits & vec4<u32>(0x80000000u)), vec4<u32>(0x477fe000u), beyond));
  let more = select(vec4<u32>(0u), vec4<u32>(1u), beyond);
  return vec2<u32>(
    pack2x16float(rounded.xy) + more.x + (more.y << 16u),
    pack2x16float(rounded.zw) + more.z + (more.w << 16u));
}`
