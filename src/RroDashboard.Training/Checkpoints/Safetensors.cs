using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training.Checkpoints;

/// <summary>
/// The safetensors format: 8 bytes little-endian header length, a JSON header, raw little-endian tensors. Nothing in such a file
/// is ever executed. Only F32, which is all the policy has.
/// </summary>
public static class Safetensors
{
    private const int MaxHeaderBytes = 16 << 20;

    /// <summary>Writes tensors in the given order.</summary>
    public static void Write(Stream stream, IEnumerable<(string Name, Tensor Value)> tensors)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var scope = NewDisposeScope();
        var header = new JsonObject();
        var data = new List<byte[]>();
        long offset = 0;
        foreach (var (name, value) in tensors)
        {
            var bytes = MemoryMarshal.AsBytes(value.detach().cpu().contiguous().data<float>().ToArray().AsSpan()).ToArray();
            header[name] = new JsonObject
            {
                ["dtype"] = "F32",
                ["shape"] = new JsonArray([.. value.shape.Select(s => (JsonNode)s)]),
                ["data_offsets"] = new JsonArray(offset, offset + bytes.Length),
            };
            offset += bytes.Length;
            data.Add(bytes);
        }

        var json = JsonSerializer.SerializeToUtf8Bytes(header);
        var padded = (json.Length + 7) / 8 * 8; // data starts on 8 bytes, as the format recommends
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)padded);
        stream.Write(length);
        stream.Write(json);
        stream.Write(Enumerable.Repeat((byte)' ', padded - json.Length).ToArray());
        foreach (var bytes in data)
        {
            stream.Write(bytes);
        }
    }

    /// <summary>Reads all tensors as name, shape and numbers.</summary>
    /// <exception cref="InvalidDataException">Not a safetensors file of F32 tensors; the message says what is wrong.</exception>
    public static IReadOnlyDictionary<string, (long[] Shape, float[] Values)> Read(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Span<byte> length = stackalloc byte[8];
        try
        {
            stream.ReadExactly(length);
            var size = BinaryPrimitives.ReadUInt64LittleEndian(length);
            if (size is 0 or > MaxHeaderBytes)
            {
                throw new InvalidDataException($"Not a safetensors file: a header of {size} bytes, at most {MaxHeaderBytes} are allowed.");
            }

            var json = new byte[size];
            stream.ReadExactly(json);
            var header = JsonNode.Parse(json)?.AsObject() ?? throw new InvalidDataException("Not a safetensors file: the header is not a JSON object.");
            var start = stream.Position;
            var tensors = new Dictionary<string, (long[], float[])>(StringComparer.Ordinal);
            foreach (var (name, node) in header.Where(h => h.Key != "__metadata__"))
            {
                if ((string?)node!["dtype"] != "F32")
                {
                    throw new InvalidDataException($"Tensor '{name}' has dtype {node["dtype"]}, only F32 is supported.");
                }

                var shape = node["shape"]!.AsArray().Select(s => (long)s!).ToArray();
                var (from, to) = ((long)node["data_offsets"]![0]!, (long)node["data_offsets"]![1]!);
                var count = shape.Aggregate(1L, (a, b) => a * b);
                if (to - from != count * sizeof(float))
                {
                    throw new InvalidDataException($"Tensor '{name}' has {to - from} bytes, its shape needs {count * sizeof(float)}.");
                }

                var values = new float[count];
                stream.Position = start + from;
                stream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
                tensors[name] = (shape, values);
            }

            return tensors;
        }
        catch (Exception e) when (e is EndOfStreamException or JsonException or InvalidOperationException or NullReferenceException or FormatException)
        {
            throw new InvalidDataException("Not a safetensors file: it is cut short or its header is damaged.", e);
        }
    }
}
