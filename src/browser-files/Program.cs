using System.Globalization;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Security.Cryptography;

// Usage: BrowserFiles ASSEMBLY OUTPUT
// Takes the Blazor script out of the assembly that carries it as an embedded resource. The assembly is read as data and
// never loaded. Length and hash are pinned: packs of other versions carry other scripts under the same name.
const string Resource = "_framework/blazor.web.js";
const int Length = 187_546;
const string Sha256 = "0183850943942f35cc98fd19b4e1585b66ca2ffb47a857dd2e673b194da5e0fe";

if (args is not [var assembly, var output])
{
    Console.Error.WriteLine("Usage: BrowserFiles ASSEMBLY OUTPUT");
    return 2;
}

if (!File.Exists(assembly))
{
    Console.Error.WriteLine($"{assembly} does not exist: run 'dotnet restore' first, it downloads the pack that holds {Resource}.");
    return 1;
}

using var stream = File.OpenRead(assembly);
using var image = new PEReader(stream);
var metadata = image.GetMetadataReader();
var script = metadata.ManifestResources
    .Select(metadata.GetManifestResource)
    .Where(r => r.Implementation.IsNil && metadata.GetString(r.Name) == Resource)
    .Select(r => Read(image, r))
    .FirstOrDefault();
if (script is null)
{
    Console.Error.WriteLine($"{assembly} has no resource {Resource}.");
    return 1;
}

var hash = Convert.ToHexStringLower(SHA256.HashData(script));
if (script.Length != Length || hash != Sha256)
{
    Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Resource} in {assembly} has {script.Length} bytes and sha256 {hash}; expected are {Length} bytes and {Sha256}."));
    return 1;
}

Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(output))!);
await File.WriteAllBytesAsync(output, script);
return 0;

static byte[] Read(PEReader image, ManifestResource resource)
{
    var start = image.PEHeaders.CorHeader!.ResourcesDirectory.RelativeVirtualAddress + (int)resource.Offset;
    var reader = image.GetSectionData(start).GetReader();
    return reader.ReadBytes(reader.ReadInt32());
}
