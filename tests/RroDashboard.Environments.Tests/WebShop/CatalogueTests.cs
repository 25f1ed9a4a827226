using RroDashboard.Core.Plans;
using RroDashboard.Environments.WebShop;

namespace RroDashboard.Environments.Tests.WebShop;

public sealed class CatalogueTests : IDisposable
{
    private const string Chair =
        """{"asin":"B000000001","name":"Oak Chair","full_description":"A chair.","pricing":"$10.99 - $18.99","images":["x"],"product_category":"Home › Chairs","small_description":["solid oak"],"customization_options":{"Color":[{"value":"Red/Blue"}]},"category":"garden","query":"Dining Chairs "}""";

    private const string Attributes = """{"B000000001":{"attributes":["easy clean"],"instruction":"Find me easy clean dining chairs","instruction_attributes":["easy clean"]}}""";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("rro-shop-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Load_SmallFolder_CleansAndMakesGoals()
    {
        Write("items_shuffle.json", $"[{Chair},{Chair},{Chair.Replace("B000000001", "nan", StringComparison.Ordinal)},{Chair.Replace("B000000001", "B0000000001", StringComparison.Ordinal)}]");
        Write("items_ins_v2.json", Attributes);

        var catalogue = Catalogue.Load(_folder.FullName, seed: 1);

        var product = Assert.Single(catalogue.Products);
        Assert.Equal(new LoadSkips(1, 1, 1), catalogue.Skips);
        Assert.Equal("$10.99 to $18.99", product.PriceText);
        Assert.Equal("dining chairs", product.Query);
        Assert.Equal("red | blue", Assert.Single(Assert.Single(product.Options).Values));
        Assert.InRange(catalogue.Prices["B000000001"], 10.99, 18.99);
        var goal = Assert.Single(catalogue.Goals.Goals);
        Assert.StartsWith("Find me easy clean dining chairs with color: red | blue, and price lower than ", goal.InstructionText, StringComparison.Ordinal);
        Assert.NotEqual(catalogue.ContentHash, Catalogue.Load(_folder.FullName, seed: 2).ContentHash);
    }

    [Theory]
    [InlineData("[1", "items_shuffle.json: broken JSON after product 0")]
    [InlineData("[" + Chair + ",{\"asin\":", "items_shuffle.json: broken JSON after product 1")]
    [InlineData("[{\"asin\":\"B000000001\"}]", "product 1 (B000000001): the key 'customization_options' is missing")]
    [InlineData("[{\"asin\":7}]", "product 1: 'asin' has the wrong type; expected a text")]
    [InlineData("[{\"name\":\"x\"}]", "product 1: the key 'asin' is missing")]
    [InlineData("[\"x\"]", "product 1: the key 'asin' is missing")]
    public void Load_MalformedProducts_SaysWhere(string items, string message)
    {
        Write("items_shuffle.json", items);
        Write("items_ins_v2.json", Attributes);

        Assert.Contains(message, Assert.Throws<PlanException>(() => Catalogue.Load(_folder.FullName, 1)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"pricing\":\"$10.99 - $18.99\"", "\"pricing\":\"10.99\"", "has no dollar sign")]
    [InlineData("\"pricing\":\"$10.99 - $18.99\"", "\"pricing\":\"$1.2.3\"", "a part that is no number")]
    [InlineData("\"images\":[\"x\"]", "\"images\":[]", "'images' is empty")]
    [InlineData("\"images\":[\"x\"]", "\"images\":\"x\"", "'images' has the wrong type")]
    [InlineData("\"small_description\":[\"solid oak\"]", "\"small_description\":[1]", "'small_description' has the wrong type; expected an array of texts")]
    [InlineData("{\"Color\":[{\"value\":\"Red/Blue\"}]}", "{\"Color\":7}", "'customization_options.Color' has the wrong type; expected an array")]
    [InlineData("{\"Color\":[{\"value\":\"Red/Blue\"}]}", "7", "'customization_options' has the wrong type")]
    public void Load_WrongValue_SaysWhichProductAndKey(string right, string wrong, string message)
    {
        Write("items_shuffle.json", $"[{Chair.Replace(right, wrong, StringComparison.Ordinal)}]");
        Write("items_ins_v2.json", Attributes);

        var said = Assert.Throws<PlanException>(() => Catalogue.Load(_folder.FullName, 1)).Message;

        Assert.Contains("product 1 (B000000001)", said, StringComparison.Ordinal);
        Assert.Contains(message, said, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_FilesMissingOrSeveral_SaysWhichToKeep()
    {
        Assert.Contains("does not exist", Assert.Throws<PlanException>(() => Catalogue.Load(Path.Combine(_folder.FullName, "no"), 1)).Message, StringComparison.Ordinal);
        Assert.Contains("has no items_shuffle*.json", Assert.Throws<PlanException>(() => Catalogue.Load(_folder.FullName, 1)).Message, StringComparison.Ordinal);
        Write("items_shuffle_1.json", "[]");
        Write("items_shuffle_2.json", "[]");
        Assert.Contains("items_shuffle_1.json, items_shuffle_2.json", Assert.Throws<PlanException>(() => Catalogue.Load(_folder.FullName, 1)).Message, StringComparison.Ordinal);
        Write("items_shuffle.json", $"[{Chair}]");
        Write("items_ins_v2.json", """{"B000000001":{"attributes":[]}}""");
        Assert.Contains("there is no goal", Assert.Throws<PlanException>(() => Catalogue.Load(_folder.FullName, 1)).Message, StringComparison.Ordinal);
        Write("items_ins_v2.json", "{}");
        Assert.Contains("the attribute file has no entry", Assert.Throws<PlanException>(() => Catalogue.Load(_folder.FullName, 1)).Message, StringComparison.Ordinal);
        Write("items_ins_v2.json", "[");
        Assert.Contains("items_ins_v2.json: broken JSON", Assert.Throws<PlanException>(() => Catalogue.Load(_folder.FullName, 1)).Message, StringComparison.Ordinal);
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder.FullName, name), text);
}
