using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace RroDashboard.Data.Migrations
{
    /// <inheritdoc />
    public partial class PairSets : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "PairSets",
                columns: table => new
                {
                    Key = table.Column<int>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    RunKey = table.Column<int>(type: "INTEGER", nullable: false),
                    Number = table.Column<int>(type: "INTEGER", nullable: false),
                    Parent = table.Column<int>(type: "INTEGER", nullable: false),
                    CreatedTicks = table.Column<long>(type: "INTEGER", nullable: false),
                    Author = table.Column<string>(type: "TEXT", nullable: false),
                    Why = table.Column<string>(type: "TEXT", nullable: false),
                    Sha256 = table.Column<string>(type: "TEXT", nullable: false),
                    CountsJson = table.Column<string>(type: "TEXT", nullable: false),
                    UndoneTicks = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_PairSets", x => x.Key);
                    table.ForeignKey(
                        name: "FK_PairSets_Runs_RunKey",
                        column: x => x.RunKey,
                        principalTable: "Runs",
                        principalColumn: "Key",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "PairDecisions",
                columns: table => new
                {
                    SetKey = table.Column<int>(type: "INTEGER", nullable: false),
                    PairIndex = table.Column<int>(type: "INTEGER", nullable: false),
                    Decision = table.Column<string>(type: "TEXT", nullable: false),
                    Json = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_PairDecisions", x => new { x.SetKey, x.PairIndex });
                    table.ForeignKey(
                        name: "FK_PairDecisions_PairSets_SetKey",
                        column: x => x.SetKey,
                        principalTable: "PairSets",
                        principalColumn: "Key",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_PairSets_RunKey_Number",
                table: "PairSets",
                columns: new[] { "RunKey", "Number" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_PairSets_RunKey_Sha256",
                table: "PairSets",
                columns: new[] { "RunKey", "Sha256" },
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "PairDecisions");

            migrationBuilder.DropTable(
                name: "PairSets");
        }
    }
}
