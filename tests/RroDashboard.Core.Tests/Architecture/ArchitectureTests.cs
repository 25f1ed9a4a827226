using System.Xml.Linq;

namespace RroDashboard.Core.Tests.Architecture;

/// <summary>The arrows between the rooms, and the top level of the repository.</summary>
public sealed class ArchitectureTests
{
    private static readonly string[] TopLevel = ["Dockerfile", "README.md", "RroDashboard.sln", "src", "tests", "wwwroot"];

    [Theory]
    [InlineData("TorchSharp", "")]
    [InlineData("RroDashboard.Core", "")]
    [InlineData("RroDashboard.Environments", "RroDashboard.Core")]
    [InlineData("RroDashboard.Training", "RroDashboard.Core RroDashboard.Environments TorchSharp")]
    [InlineData("RroDashboard.Data", "RroDashboard.Core")]
    [InlineData("RroDashboard.Web", "RroDashboard.Core RroDashboard.Data RroDashboard.Environments RroDashboard.Training")]
    public void ProjectReferences_EachRoom_OnlyThoseOfTheTable(string project, string expected)
    {
        Assert.Equal(expected, string.Join(' ', References(project)));
    }

    [Fact]
    public void PackageReferences_Core_None() =>
        Assert.Empty(Load("RroDashboard.Core").Descendants("PackageReference"));

    [Theory]
    [InlineData("RroDashboard.Training", "EntityFrameworkCore")]
    [InlineData("RroDashboard.Training", "AspNetCore")]
    [InlineData("RroDashboard.Data", "AspNetCore")]
    [InlineData("RroDashboard.Environments", "Torch")]
    public void PackageReferences_Room_MustNotHave(string project, string forbidden) =>
        Assert.DoesNotContain(
            Load(project).Descendants().Where(e => e.Name.LocalName is "PackageReference" or "FrameworkReference"),
            e => e.Attribute("Include")!.Value.Contains(forbidden, StringComparison.OrdinalIgnoreCase));

    [Fact]
    public void Components_Source_HasNoSqlAndNoTensors()
    {
        var components = Path.Combine(Root, "src", "RroDashboard.Web", "Components");
        var files = Directory.EnumerateFiles(components, "*", SearchOption.AllDirectories).Where(f => f.EndsWith(".razor", StringComparison.Ordinal) || f.EndsWith(".cs", StringComparison.Ordinal)).ToList();

        Assert.NotEmpty(files);
        Assert.All(files, file =>
        {
            var text = File.ReadAllText(file);
            Assert.DoesNotContain("TorchSharp", text, StringComparison.Ordinal);
            Assert.DoesNotContain("Microsoft.Data.Sqlite", text, StringComparison.Ordinal);
            Assert.DoesNotContain("SELECT ", text, StringComparison.Ordinal);
        });
    }

    // How long a token is, what an id is made of and what is kept of either are decided once: a copy that is a little shorter is a hole nobody looks for.
    [Fact]
    public void Source_DataAndWeb_IdsAndTokensAreMadeInOnePlace()
    {
        var made = new[] { "RroDashboard.Data", "RroDashboard.Web" }
            .SelectMany(p => Directory.EnumerateFiles(Path.Combine(Root, "src", p), "*.cs", SearchOption.AllDirectories))
            .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .Where(f => File.ReadAllText(f) is var text
                && (text.Contains("RandomNumberGenerator.GetString(", StringComparison.Ordinal) || text.Contains("ToHexStringLower(RandomNumberGenerator", StringComparison.Ordinal)
                    || text.Contains("bcdfghjkmnpqrstvwxz", StringComparison.Ordinal) || text.Contains(" string HashOf(string", StringComparison.Ordinal)))
            .Select(Path.GetFileName);

        Assert.Equal(["RandomText.cs"], made);
    }

    [Fact]
    public void TopLevel_Repository_OnlyAllowedNames()
    {
        // Git ignores what a developer keeps here, for example a folder of data: only what is tracked counts.
        var start = new System.Diagnostics.ProcessStartInfo("git", ["-C", Root, "ls-files"]) { RedirectStandardOutput = true, UseShellExecute = false };
        using var git = System.Diagnostics.Process.Start(start)!;
        var names = git.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('/')[0]).Distinct().ToList();
        git.WaitForExit();

        Assert.NotEmpty(names);
        Assert.Empty(names.Where(n => !n.StartsWith('.')).Except(TopLevel));
    }

    private static string Root
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "RroDashboard.sln")))
            {
                folder = folder.Parent ?? throw new InvalidOperationException("RroDashboard.sln is in no folder above the tests.");
            }

            return folder.FullName;
        }
    }

    private static XDocument Load(string project) => XDocument.Load(Path.Combine(Root, "src", project, project + ".csproj"));

    // A reference for the order of the build only brings no code.
    private static IEnumerable<string> References(string project) => Load(project).Descendants("ProjectReference")
        .Where(r => r.Attribute("ReferenceOutputAssembly")?.Value != "false")
        .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/')))
        .Order(StringComparer.Ordinal);
}
