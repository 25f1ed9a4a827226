using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RroDashboard.Data.Bundles;

namespace RroDashboard.Web.Bundles;

/// <summary>
/// Opens a zip file that anyone may have made, and trusts nothing of it: names, sizes, ratio and hashes are checked before a single line is read. Files
/// are never unpacked by their names; whoever reads them says where they go.
/// </summary>
internal sealed class BundleReader : IAsyncDisposable
{
    private readonly ZipArchive _zip;
    private readonly Dictionary<string, ZipArchiveEntry> _entries;

    private BundleReader(ZipArchive zip, Dictionary<string, ZipArchiveEntry> entries, BundleManifest manifest) => (_zip, _entries, Manifest) = (zip, entries, manifest);

    public BundleManifest Manifest { get; }

    /// <summary>SHA-256 of the manifest, and with it of everything.</summary>
    public string Sha256 { get; private set; } = "";

    /// <summary>Opens and verifies a bundle.</summary>
    /// <param name="file">Can seek.</param>
    /// <param name="cancellationToken">Given up.</param>
    /// <exception cref="RunImportException">It is none, or not whole, or not what its manifest says.</exception>
    public static async Task<BundleReader> OpenAsync(Stream file, CancellationToken cancellationToken)
    {
        ZipArchive zip;
        try
        {
            zip = await ZipArchive.CreateAsync(file, ZipArchiveMode.Read, leaveOpen: true, entryNameEncoding: null, cancellationToken);
        }
        catch (InvalidDataException)
        {
            throw new RunImportException("The file is no zip file, or it was cut short on its way: export or download it again.");
        }

        try
        {
            var entries = Entries(zip, file.Length);
            var bytes = await ReadSmallAsync(entries, BundleFormat.Manifest, cancellationToken);
            var manifest = Parse<BundleManifest>(bytes, BundleFormat.Manifest);
            Check(manifest, entries);
            var reader = new BundleReader(zip, entries, manifest) { Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes)) };
            await reader.VerifyAsync(cancellationToken);
            return reader;
        }
        catch (InvalidDataException e)
        {
            await zip.DisposeAsync();
            throw new RunImportException($"The zip file is damaged ({e.Message.TrimEnd('.')}): export or download it again.");
        }
        catch
        {
            await zip.DisposeAsync();
            throw;
        }
    }

    /// <summary>A small JSON file.</summary>
    /// <exception cref="RunImportException">It is not what it should be.</exception>
    public async Task<T> JsonAsync<T>(string name, CancellationToken cancellationToken) => Parse<T>(await ReadSmallAsync(_entries, name, cancellationToken), name);

    /// <summary>Lines of a text file, each at most <see cref="BundleFormat.MaxLineBytes"/> long.</summary>
    /// <exception cref="RunImportException">One is longer, or the file ends within one.</exception>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> LinesAsync(string name, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var stream = await _entries[name].OpenAsync(cancellationToken);
        var pipe = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 1 << 16));
        try
        {
            for (var number = 1; ;)
            {
                var read = await pipe.ReadAsync(cancellationToken);
                var rest = read.Buffer;
                while (rest.PositionOf((byte)'\n') is { } end)
                {
                    var line = rest.Slice(0, end);
                    yield return line.IsSingleSegment ? line.First : line.ToArray();
                    rest = rest.Slice(rest.GetPosition(1, end));
                    number++;
                }

                if (rest.Length > BundleFormat.MaxLineBytes)
                {
                    throw new RunImportException($"Line {number} of {name} is longer than {BundleFormat.MaxLineBytes >> 20} MiB, the longest that is read.");
                }

                if (read.IsCompleted)
                {
                    if (!rest.IsEmpty)
                    {
                        throw new RunImportException($"{name} ends within line {number}.");
                    }

                    yield break;
                }

                pipe.AdvanceTo(rest.Start, rest.End);
            }
        }
        finally
        {
            await pipe.CompleteAsync();
        }
    }

    /// <summary>Writes a file of the bundle where it belongs.</summary>
    public async Task CopyAsync(string name, string path, CancellationToken cancellationToken)
    {
        await using var source = await _entries[name].OpenAsync(cancellationToken);
        await using var target = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        await source.CopyToAsync(target, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await _zip.DisposeAsync();

    private static Dictionary<string, ZipArchiveEntry> Entries(ZipArchive zip, long packed)
    {
        if (zip.Entries.Count > BundleFormat.MaxEntries)
        {
            throw new RunImportException($"The zip file has {zip.Entries.Count} files: a bundle has at most {BundleFormat.MaxEntries}.");
        }

        var entries = new Dictionary<string, ZipArchiveEntry>(StringComparer.Ordinal);
        var unpacked = 0L;
        foreach (var entry in zip.Entries)
        {
            if (entry.FullName != BundleFormat.Manifest && !BundleFormat.IsAllowed(entry.FullName))
            {
                throw new RunImportException($"The zip file holds '{Shown(entry.FullName)}', which no bundle has: nothing was unpacked.");
            }

            if (!entries.TryAdd(entry.FullName, entry))
            {
                throw new RunImportException($"The zip file holds '{entry.FullName}' twice, so it is not certain which one is meant.");
            }

            unpacked += entry.Length;
        }

        CheckSize(unpacked, packed);
        foreach (var name in BundleFormat.Required.Append(BundleFormat.Manifest))
        {
            if (!entries.ContainsKey(name))
            {
                throw new RunImportException($"The zip file holds no {name}: it is no bundle of a run, or not a whole one.");
            }
        }

        return entries;
    }

    private static void CheckSize(long unpacked, long packed)
    {
        if (unpacked > BundleFormat.MaxUnpackedBytes)
        {
            throw new RunImportException($"The zip file unpacks to more than {BundleFormat.MaxUnpackedBytes >> 30} GiB, the most that is imported.");
        }

        if (unpacked > BundleFormat.RatioFreeBytes && unpacked / Math.Max(1, packed) > BundleFormat.MaxRatio)
        {
            throw new RunImportException($"The zip file unpacks to more than {BundleFormat.MaxRatio} times its size, as no run does: nothing was unpacked.");
        }
    }

    private static void Check(BundleManifest manifest, Dictionary<string, ZipArchiveEntry> entries)
    {
        if (manifest.Format != BundleFormat.Name)
        {
            throw new RunImportException($"{BundleFormat.Manifest} says that this is a '{Shown(manifest.Format)}': a bundle is a '{BundleFormat.Name}'.");
        }

        if (manifest.Version != BundleFormat.Version)
        {
            throw new RunImportException($"The bundle has format version {manifest.Version} and this program reads version {BundleFormat.Version}: use the program that wrote it, or a newer one.");
        }

        if (!BundleFormat.IsRunId(manifest.RunId))
        {
            throw new RunImportException($"'{Shown(manifest.RunId)}' is no id of a run: small letters, digits and hyphens are allowed, at most 40.");
        }

        var named = manifest.Files.Where(f => f is not null).Select(f => f.Name).ToList();
        if (named.Count != manifest.Files.Count || named.Distinct(StringComparer.Ordinal).Count() != named.Count)
        {
            throw new RunImportException($"{BundleFormat.Manifest} names a file twice, or none.");
        }

        if (named.Except(entries.Keys).FirstOrDefault() is { } missing)
        {
            throw new RunImportException($"{BundleFormat.Manifest} names '{Shown(missing)}', which the zip file does not hold.");
        }

        if (entries.Keys.Except(named).FirstOrDefault(n => n != BundleFormat.Manifest) is { } extra)
        {
            throw new RunImportException($"The zip file holds '{extra}', which {BundleFormat.Manifest} does not name.");
        }
    }

    // Everything is unpacked once, to nowhere: what the directory of a zip file says of sizes need not be true.
    private async Task VerifyAsync(CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(1 << 17);
        try
        {
            foreach (var file in Manifest.Files)
            {
                using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
                await using var stream = await _entries[file.Name].OpenAsync(cancellationToken);
                var bytes = 0L;
                int read;
                while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
                {
                    bytes += read;
                    if (bytes > file.Bytes)
                    {
                        throw new RunImportException($"{file.Name} is longer than the {file.Bytes} bytes that {BundleFormat.Manifest} names.");
                    }

                    hash.AppendData(buffer, 0, read);
                }

                if (bytes != file.Bytes)
                {
                    throw new RunImportException($"{file.Name} has {bytes} bytes and not the {file.Bytes} that {BundleFormat.Manifest} names: the file was cut or changed.");
                }

                if (Convert.ToHexStringLower(hash.GetHashAndReset()) != file.Sha256)
                {
                    throw new RunImportException($"{file.Name} is not the file that {BundleFormat.Manifest} names: its SHA-256 differs.");
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        // Once more with what was really there: sizes that are lies add up to something else.
        CheckSize(Manifest.Files.Sum(f => f.Bytes), Manifest.Files.Sum(f => _entries[f.Name].CompressedLength));
    }

    private static async Task<byte[]> ReadSmallAsync(Dictionary<string, ZipArchiveEntry> entries, string name, CancellationToken cancellationToken)
    {
        await using var stream = await entries[name].OpenAsync(cancellationToken);
        var bytes = new byte[BundleFormat.MaxSmallFileBytes + 1];
        var length = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        return length <= BundleFormat.MaxSmallFileBytes
            ? bytes[..length]
            : throw new RunImportException($"{name} is larger than {BundleFormat.MaxSmallFileBytes >> 10} KiB, the largest that is read.");
    }

    private static T Parse<T>(byte[] json, string name)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, BundleFormat.Json) ?? throw new RunImportException($"{name} is empty.");
        }
        catch (Exception e) when (e is JsonException or ArgumentException or NotSupportedException)
        {
            throw new RunImportException($"{name} is not as this program writes it ({Shown(e.Message.TrimEnd('.'))}).");
        }
    }

    /// <summary>Text of a file that anyone may have made, short and on one line.</summary>
    internal static string Shown(string text, int longest = 120)
    {
        var plain = new StringBuilder(Components.PlainText.Of(text.Length <= longest ? text : text[..longest] + "…"));
        return plain.Replace('\n', ' ').Replace('\t', ' ').ToString();
    }
}
