/**
 * Descriptors that grpcurl accepts. What proto-loader passes on from
 * protobufjs names no file that a file depends on, calls map entries `Statuses`
 * instead of `StatusesEntry`, lets reserved ranges end before they begin, and
 * gives no field its name in JSON, which protoc does.
 */
import type { AnyDefinition, MessageTypeDefinition, PackageDefinition } from '@grpc/proto-loader';
import descriptor, {
  type IDescriptorProto,
  type IFileDescriptorProto,
} from 'protobufjs/ext/descriptor/index.js';

/** The same definitions with complete file descriptors. */
export function withCompleteDescriptors(definitions: PackageDefinition): PackageDefinition {
  const files = new Map<string, IFileDescriptorProto>();
  for (const definition of Object.values(definitions)) {
    if (!hasDescriptors(definition)) continue;
    for (const encoded of definition.fileDescriptorProtos) {
      const file = descriptor.FileDescriptorProto.decode(encoded) as IFileDescriptorProto;
      if (!files.has(file.name ?? '')) files.set(file.name ?? '', file);
    }
  }
  for (const file of files.values()) {
    file.messageType?.forEach(repair);
    file.dependency = dependenciesOf(file, [...files.values()]);
  }
  const fileDescriptorProtos = [...files.values()].map((file) =>
    Buffer.from(descriptor.FileDescriptorProto.encode(file).finish()),
  );
  const completed = Object.entries(definitions).map(([name, definition]) => [
    name,
    hasDescriptors(definition) ? { ...definition, fileDescriptorProtos } : definition,
  ]);
  return Object.fromEntries(completed) as PackageDefinition;
}

/** Messages and enums have them; a service's are those of its messages. */
function hasDescriptors(definition: AnyDefinition): definition is MessageTypeDefinition<object, object> {
  return Array.isArray(definition.fileDescriptorProtos);
}

function repair(message: IDescriptorProto): void {
  message.reservedRange = [];
  for (const field of message.field ?? []) {
    field.jsonName = field.name?.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  }
  for (const nested of message.nestedType ?? []) {
    repair(nested);
    if (nested.options?.mapEntry !== true) continue;
    for (const field of message.field ?? []) {
      if (field.typeName === nested.name) field.typeName = `${nested.name}Entry`;
    }
    nested.name = `${nested.name}Entry`;
  }
}

/** protobufjs makes one file of each package, so a type of another package is in another file. */
function dependenciesOf(file: IFileDescriptorProto, all: readonly IFileDescriptorProto[]): string[] {
  const types = (file.messageType ?? []).flatMap(typesOf).map((type) => type.replace(/^\./, ''));
  return all
    .filter((other) => other !== file && types.some((type) => type.startsWith(`${other.package}.`)))
    .map((other) => other.name ?? '');
}

function typesOf(message: IDescriptorProto): readonly string[] {
  return [
    ...(message.field ?? []).map(({ typeName }) => typeName ?? ''),
    ...(message.nestedType ?? []).flatMap(typesOf),
  ];
}
