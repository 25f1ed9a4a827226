using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace RroDashboard.Data.Migrations
{
    /// <inheritdoc />
    public partial class PairSetTurns : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "PairSetTurns",
                columns: table => new
                {
                    Key = table.Column<int>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    RunKey = table.Column<int>(type: "INTEGER", nullable: false),
                    Number = table.Column<int>(type: "INTEGER", nullable: false),
                    AtTicks = table.Column<long>(type: "INTEGER", nullable: false),
                    Author = table.Column<string>(type: "TEXT", nullable: false),
                    UndoneTicks = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_PairSetTurns", x => x.Key);
                    table.ForeignKey(
                        name: "FK_PairSetTurns_Runs_RunKey",
                        column: x => x.RunKey,
                        principalTable: "Runs",
                        principalColumn: "Key",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_PairSetTurns_RunKey",
                table: "PairSetTurns",
                column: "RunKey");

            // Until now the newest version that was not undone counted.
            migrationBuilder.Sql("INSERT INTO PairSetTurns (RunKey, Number, AtTicks, Author, UndoneTicks) SELECT RunKey, Number, CreatedTicks, Author, UndoneTicks FROM PairSets ORDER BY Key");

            // By SQLite itself: Entity Framework would build the table anew, outside a transaction, with the decisions hanging from it.
            migrationBuilder.Sql("ALTER TABLE PairSets DROP COLUMN UndoneTicks");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(name: "UndoneTicks", table: "PairSets", type: "INTEGER", nullable: true);
            migrationBuilder.Sql("UPDATE PairSets SET UndoneTicks = (SELECT max(t.UndoneTicks) FROM PairSetTurns t WHERE t.RunKey = PairSets.RunKey AND t.Number = PairSets.Number) WHERE NOT EXISTS (SELECT 1 FROM PairSetTurns t WHERE t.RunKey = PairSets.RunKey AND t.Number = PairSets.Number AND t.UndoneTicks IS NULL)");
            migrationBuilder.DropTable(
                name: "PairSetTurns");
        }
    }
}
