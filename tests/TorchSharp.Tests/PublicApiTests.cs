using System.Reflection;

namespace TorchSharp.Tests;

/// <summary>
/// The public surface in namespace TorchSharp is reviewed by hand against the real package: it must stay a subset. A change shows
/// up here first; PublicApi.txt is then edited in the same commit.
/// </summary>
public sealed class PublicApiTests
{
    [Fact]
    public void Assembly_PublicMembers_AreTheReviewedOnes()
    {
        var expected = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "PublicApi.txt"));
        var actual = Surface();
        if (Environment.GetEnvironmentVariable("RRO_WRITE_PUBLIC_API") is { Length: > 0 } path)
        {
            File.WriteAllLines(path, actual);
        }

        Assert.Equal(expected, actual);
    }

    private static string[] Surface() => [.. typeof(torch).Assembly.GetExportedTypes()
        .Where(t => t.Namespace!.StartsWith("TorchSharp", StringComparison.Ordinal))
        .SelectMany(t => t.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .Where(m => m is not MethodInfo { IsSpecialName: true } || m.Name.StartsWith("op_", StringComparison.Ordinal))
            .Select(m => $"{t.FullName}: {m}"))
        .Order(StringComparer.Ordinal)];
}
