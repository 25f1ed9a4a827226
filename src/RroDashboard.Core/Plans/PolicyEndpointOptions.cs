namespace RroDashboard.Core.Plans;

/// <summary>A model behind an OpenAI-compatible server as the policy of an exploration. It can be sampled and not trained: nobody here has its weights.</summary>
public sealed class PolicyEndpointOptions
{
    /// <summary>Where it is.</summary>
    [Setting("Base address of an OpenAI-compatible server (vLLM, llama.cpp server) whose model explores, for example http://127.0.0.1:8000/v1; used by the command 'explore'. Its key is read from RRO_ENDPOINT_KEY and never kept. Empty for a model of our own.", Advanced = true)]
    public string Url { get; set; } = "";

    /// <summary>Which model.</summary>
    [Setting("With an endpoint: name of the model there.", Advanced = true)]
    public string Model { get; set; } = "";

    /// <summary>Concurrency.</summary>
    [Setting("With an endpoint: requests under way at once.", Unit = "requests", Min = 1, Max = 1024, Advanced = true)]
    public int AtOnce { get; set; } = 8;

    /// <summary>Rate limit.</summary>
    [Setting("With an endpoint: requests begun in any minute at most; 0 for no limit.", Unit = "requests", Min = 0, Max = 1_000_000, Advanced = true)]
    public int PerMinute { get; set; }

    /// <summary>Retries.</summary>
    [Setting("With an endpoint: tries of one request, the first included, before the exploration is given up.", Unit = "tries", Min = 1, Max = 100, Advanced = true)]
    public int Attempts { get; set; } = 5;

    /// <summary>Patience.</summary>
    [Setting("With an endpoint: longest wait for one answer.", Unit = "seconds", Min = 0.01, Max = 3600, Advanced = true)]
    public double TimeoutSeconds { get; set; } = 120;

    /// <summary>Longest answer.</summary>
    [Setting("With an endpoint: longest answer; one that is cut counts as truncated.", Unit = "tokens", Min = 1, Max = 65_536, Advanced = true)]
    public int MaxTokens { get; set; } = 256;

    /// <summary>Exact tokens.</summary>
    [Setting("With an endpoint: ask for token ids (vLLM's return_token_ids), so that pairs can be trained on exactly as they were sampled; servers that do not know the wish may refuse it.", Advanced = true)]
    public bool TokenIds { get; set; }

    /// <summary>Price of reading.</summary>
    [Setting("With an endpoint: price of a million tokens read, in any currency; for the cost that is shown.", Min = 0, Max = 1_000_000, Advanced = true)]
    public double InputPrice { get; set; }

    /// <summary>Price of writing.</summary>
    [Setting("With an endpoint: price of a million tokens written.", Min = 0, Max = 1_000_000, Advanced = true)]
    public double OutputPrice { get; set; }

    /// <summary>What so many tokens cost.</summary>
    /// <param name="read">Tokens read.</param>
    /// <param name="written">Tokens written.</param>
    public double Cost(long read, long written) => ((read * InputPrice) + (written * OutputPrice)) / 1e6;

    /// <summary>Checks that the settings fit each other and the plan; nothing where there is no endpoint.</summary>
    /// <exception cref="PlanException">The first contradiction.</exception>
    internal static void Validate(RunPlan plan)
    {
        var endpoint = plan.Endpoint;
        if (endpoint.Url.Length == 0)
        {
            return;
        }

        if (!Uri.TryCreate(endpoint.Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.Query.Length > 0 || url.Fragment.Length > 0)
        {
            throw new PlanException($"Endpoint.Url = '{endpoint.Url}' is not allowed: write it as http://HOST:PORT/v1 or https://HOST/v1.");
        }

        if (url.UserInfo.Length > 0)
        {
            throw new PlanException("Endpoint.Url holds a name or a password, which would stand in the run's settings for everybody to read: put the key into RRO_ENDPOINT_KEY.");
        }

        if (string.IsNullOrWhiteSpace(endpoint.Model))
        {
            throw new PlanException("Endpoint.Model is empty: name the model that the server at Endpoint.Url is to use.");
        }

        if (plan.Method != Method.Explore)
        {
            throw new PlanException($"Method = {plan.Method} needs a model that is trained here, but Endpoint.Url = '{endpoint.Url}' names one that can only be sampled: choose Explore.");
        }

        if (plan.Environment.ActionMask)
        {
            throw new PlanException("Environment.ActionMask = true chooses among single tokens, which an endpoint does not let us do: set it to false.");
        }

        if (plan.Dpo.PairsFrom.Length > 0 || plan.Dpo.PairsFile.Length > 0)
        {
            throw new PlanException($"{(plan.Dpo.PairsFrom.Length > 0 ? $"Dpo.PairsFrom = '{plan.Dpo.PairsFrom}'" : $"Dpo.PairsFile = '{plan.Dpo.PairsFile}'")} is for training, and a model behind Endpoint.Url cannot be trained here: leave one of them empty.");
        }
    }
}
