using RroDashboard.Core.Plans;
using RroDashboard.Environments.InterCodeSql;
using RroDashboard.Environments.MiniShop;
using RroDashboard.Environments.WebShop.Training;

namespace RroDashboard.Environments;

/// <summary>Makes the environment that a plan names.</summary>
public static class EnvironmentFactory
{
    /// <summary>Loads or generates it.</summary>
    /// <exception cref="PlanException">Its data are missing or do not fit; the message says which file and what was expected.</exception>
    public static IAgentEnvironment Create(EnvironmentOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Name switch
        {
            EnvironmentKind.MiniShop => new MiniShopEnvironment(options),
            EnvironmentKind.InterCodeSql => new InterCodeSqlEnvironment(options),
            EnvironmentKind.WebShop => new WebShopEnvironment(options),
            _ => throw new PlanException($"Environment.Name = {options.Name} is not built into this version."),
        };
    }
}
