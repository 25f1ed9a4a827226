namespace RroDashboard.Environments.WebShop;

/// <summary>What a front answers to an action.</summary>
/// <param name="Observation">What the agent reads.</param>
/// <param name="Reward">0 to 1 for a purchase; 0 otherwise, except at a site that scores every step, as IPR's does.</param>
/// <param name="Done">Something was bought.</param>
public readonly record struct ShopAnswer(string Observation, double Reward, bool Done);

/// <summary>One shopping task, seen as texts: what a conversation is held about.</summary>
public interface IShopFront
{
    /// <summary>The first observation.</summary>
    string Start { get; }

    /// <summary>Acts.</summary>
    ShopAnswer Step(string action);

    /// <summary>An independent copy at this step.</summary>
    IShopFront Fork();
}
