using System.Text.Json;
using System.Xml.Linq;

namespace RroDashboard.Web.Observability;

/// <summary>Something that others wrote and that is a part of this program.</summary>
/// <param name="Name">As its registry calls it.</param>
/// <param name="Version">As it is built in.</param>
/// <param name="Licence">As the package says: an SPDX expression, or where to read it.</param>
/// <param name="Registry">Where it comes from: NuGet or npm.</param>
public sealed record PackageLicence(string Name, string Version, string Licence, string Registry);

/// <summary>Packages that are built in, read from their own metadata: the build puts what the packages say into this assembly, and nothing of it is typed.</summary>
public static class PackageLicences
{
    // Both are made, or copied, by the build: RroDashboard.Web.csproj.
    private const string NuGetFile = "nuget-packages.xml";
    private const string NpmFile = "npm-packages.json";

    /// <summary>All, by name.</summary>
    public static IReadOnlyList<PackageLicence> All { get; } = [.. NuGet().Concat(Npm()).Distinct().OrderBy(p => p.Name, StringComparer.OrdinalIgnoreCase)];

    // A flat list of elements as they stand in the packages' descriptions: each id begins another package.
    private static IEnumerable<PackageLicence> NuGet()
    {
        using var stream = Open(NuGetFile);
        var elements = XDocument.Load(stream).Root!.Elements().Select(e => (e.Name.LocalName, Text: e.Value.Trim(), IsFile: (string?)e.Attribute("type") == "file")).ToList();
        for (var at = 0; at < elements.Count;)
        {
            var next = elements.FindIndex(at + 1, e => e.LocalName == "id");
            var package = elements[at..(next < 0 ? elements.Count : next)];
            string? Get(string name, bool isFile = false) => package.Where(e => e.LocalName == name && e.IsFile == isFile).Select(e => e.Text).FirstOrDefault();
            yield return new PackageLicence(
                Get("id") ?? "", Get("version") ?? "", Get("license") ?? (Get("license", isFile: true) is { } file ? $"{file} in the package" : Get("licenseUrl")) ?? "not stated", "NuGet");
            at += package.Count;
        }
    }

    private static IEnumerable<PackageLicence> Npm()
    {
        using var stream = Open(NpmFile);
        using var document = JsonDocument.Parse(stream);
        const string Folder = "node_modules/";
        var wanted = document.RootElement.GetProperty("packages").GetProperty("").GetProperty("dependencies").EnumerateObject().Select(d => d.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var package in document.RootElement.GetProperty("packages").EnumerateObject().Where(p => p.Name.StartsWith(Folder, StringComparison.Ordinal) && wanted.Contains(p.Name[Folder.Length..])))
        {
            yield return new PackageLicence(
                package.Name[Folder.Length..], package.Value.GetProperty("version").GetString() ?? "", package.Value.TryGetProperty("license", out var licence) ? licence.GetString() ?? "" : "not stated", "npm");
        }
    }

    private static Stream Open(string name) =>
        typeof(PackageLicences).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"The build left {name} out.");
}
