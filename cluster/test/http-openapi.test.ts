/** G1: the OpenAPI document and the table of routes say the same. */
import t from 'tap'
import { z } from 'zod'
import { HTTP_ERRORS } from '../http-errors.js'
import { openApiDocument } from '../http-openapi.js'
import { routes } from '../http-routes.js'
import { REPLY_ERRORS } from '../../protocol/errors.js'

interface Shape {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Shape>>
  readonly required?: readonly string[]
  readonly enum?: readonly unknown[]
  readonly default?: unknown
}

interface Operation {
  readonly operationId: string
  readonly security?: readonly unknown[]
  readonly parameters?: readonly { name: string; in: string; required: boolean; schema: Shape; example?: unknown }[]
  readonly requestBody?: { content: { 'application/json': { schema: Shape; example: unknown } } }
  readonly responses: { '200': { content: { 'application/json': { schema: Shape; example: unknown } } } }
}

const document = openApiDocument as unknown as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: { readonly Error: Shape } }
}
const operationOf = (path: string, method: string) => document.paths[path]?.[method.toLowerCase()]
const shapeOf = (schema: z.ZodType, io: 'input' | 'output') =>
  z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Shape

t.test('openapi: every route is in the document and every operation of the document is a route', async (t) => {
  const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { operationId }]) => `${method.toUpperCase()} ${path} ${operationId}`),
  )
  const served = routes.map(({ method, path, name }) => `${method} ${path} ${name}`)
  t.same(documented.sort(), served.sort())
})

for (const { method, path, name, input, answer, open } of routes) {
  t.test(`openapi: ${name} takes and gives what the document says`, async (t) => {
    const operation = operationOf(path, method)
    if (operation === undefined) throw new Error(`${method} ${path} is not in the document`)
    const query = operation.parameters?.filter((parameter) => parameter.in === 'query') ?? []
    const documented: Shape = operation.requestBody?.content['application/json'].schema ?? {
      properties: Object.fromEntries(query.map((parameter) => [parameter.name, parameter.schema])),
      required: query.filter((parameter) => parameter.required).map((parameter) => parameter.name),
    }
    const served = { ...shapeOf(input, 'output'), required: shapeOf(input, 'input').required ?? [] }
    const summary = (shape: Shape) =>
      Object.entries(shape.properties ?? {}).map(([field, { type, enum: names, default: value }]) => ({
        ...{ field, type, names, value: value ?? null, required: shape.required?.includes(field) ?? false },
      }))
    t.same(summary(documented), summary(served))
    t.equal(operation.security?.length === 0, open)

    const queryExample = Object.fromEntries(
      query.filter(({ example }) => example !== undefined).map(({ name: field, example }) => [field, String(example)]),
    )
    const example = operation.requestBody?.content['application/json'].example ?? queryExample
    t.same(input.safeParse(example).error, undefined, 'the example of the request is valid')

    const response = operation.responses['200'].content['application/json']
    t.same(answer.safeParse(response.example).error, undefined, 'the example of the answer is valid')
    t.same(Object.keys(response.schema.properties ?? {}), Object.keys(shapeOf(answer, 'output').properties ?? {}))
  })
}

t.test('openapi: the document lists every error by name and number', async (t) => {
  const rows = Object.entries({ ...REPLY_ERRORS, ...HTTP_ERRORS })
  const error = document.components.schemas.Error.properties?.['error']?.properties
  t.same(
    error?.['name']?.enum,
    rows.map(([name]) => name),
  )
  t.same(
    error?.['code']?.enum,
    rows.map(([, { code }]) => code),
  )
})
