using System.Security.Cryptography;
using RroDashboard.Training.Model;
using static TorchSharp.torch;

namespace RroDashboard.Training.Checkpoints;

/// <summary>Names a policy by its weights.</summary>
public static class PolicyHash
{
    /// <summary>SHA-256 of the weights file that <see cref="Checkpoint.Save"/> would write now, lower-case hex.</summary>
    public static string Of(LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var sha = SHA256.Create();
        using (var hashed = new CryptoStream(Stream.Null, sha, CryptoStreamMode.Write))
        {
            Safetensors.Write(hashed, model.Stored);
        }

        return Convert.ToHexStringLower(sha.Hash!);
    }
}
